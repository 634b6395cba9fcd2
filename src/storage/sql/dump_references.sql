-- Which table refers to which other one?
SELECT DISTINCT m.name, f."table"
FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
WHERE m.type = 'table' AND f."table" <> m.name
