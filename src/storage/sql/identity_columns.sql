-- Which columns does the database number itself by a sequence? None here: it takes the next number.
SELECT '', '' WHERE false
