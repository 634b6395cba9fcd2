-- The params of some logged models; $1 is a JSON array of ids.
SELECT model_id, key, value FROM logged_model_params
WHERE model_id IN (SELECT json_array_elements_text($1::json)) ORDER BY model_id, key
