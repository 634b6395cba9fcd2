-- Makes PostgreSQL read a page in the order of an index, to the end of the transaction: its estimates
-- would have it hash and sort whole tables for the sake of a page.
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('plan_cache_mode', 'force_custom_plan', true)
