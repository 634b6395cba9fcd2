-- Removes what a monitor measured.
DELETE FROM monitor_windows WHERE monitor = $1
