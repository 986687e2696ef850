"""Who the customers are: tenants, their people, their API keys, and what each may do."""
