-- The word of an answer (`JobType.word`), read out of it: for those from before words were stored.
-- In the JSON that is stored, a quote within a text is escaped: these are names and values.
CREATE FUNCTION aijobs_word_of_answer(job_type text, result json) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT CASE
    WHEN result IS NULL THEN NULL
    WHEN job_type = 'classify' THEN left(coalesce(result ->> 'category', ''), 100)
    WHEN job_type <> 'analyze' THEN ''
    WHEN result::text LIKE '%"severity":"high"%' THEN 'high'
    WHEN result::text LIKE '%"severity":"medium"%' THEN 'medium'
    WHEN result::text LIKE '%"severity":"low"%' THEN 'low'
    ELSE 'none'
END
$$;
