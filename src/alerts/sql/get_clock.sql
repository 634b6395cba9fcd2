-- When was it last, by both clocks?
SELECT steady_ms, wall_ms FROM alert_clock WHERE one = 1
