-- Charges were added: add them up by tenant, collection, hour, job type, route, model and by who
-- queued the job. It takes the place of the function of roll_up_charges.sql; the trigger stays.
-- A correction changes sums of money and is no answer: only charges count jobs and answers.
-- A session keeps the plan of its first call, when the tables may have been small. The two
-- settings leave one good plan: one walk of each primary key over the sorted ids of the jobs.
CREATE OR REPLACE FUNCTION aijobs_roll_up_charges() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO aijobs_usagerollup (
        tenant_id, collection_id, hour, job_type, route, model, created_by, jobs, answers,
        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens,
        cost_usd, sync_cost_usd, saved_usd, is_compacted
    )
    SELECT charge.tenant_id, job.collection_id, date_trunc('hour', charge.created_at, 'UTC'),
           charge.job_type, charge.route, charge.model, COALESCE(job_input.created_by, ''),
           count(*) FILTER (WHERE corrects_id IS NULL AND (job.attempts = 1 OR NOT EXISTS (
               SELECT FROM aijobs_ledgerentry AS earlier
               WHERE earlier.job_id = charge.job_id AND earlier.id < charge.id))),
           count(*) FILTER (WHERE corrects_id IS NULL), sum(input_tokens), sum(output_tokens),
           sum(cache_read_tokens), sum(cache_write_5m_tokens + cache_write_1h_tokens),
           sum(cache_write_1h_tokens), sum(cost_usd), sum(sync_cost_usd), sum(saved_usd), FALSE
    FROM new_charges AS charge
    LEFT JOIN (
        SELECT id, collection_id, attempts FROM aijobs_aijob
        WHERE id = ANY(ARRAY(SELECT job_id FROM new_charges)) OFFSET 0
    ) AS job ON job.id = charge.job_id
    LEFT JOIN (
        SELECT job_id, created_by FROM aijobs_jobinput
        WHERE job_id = ANY(ARRAY(SELECT job_id FROM new_charges)) OFFSET 0
    ) AS job_input ON job_input.job_id = charge.job_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7;
    RETURN NULL;
END $$;
