-- Forgets a file or all files of a folder; $2 is the folder's name with '/', $3 with '0', the
-- character after '/'.
DELETE FROM artifacts WHERE path = $1 OR (path >= $2 AND path < $3)
