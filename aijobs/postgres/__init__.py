"""How PostgreSQL is used beyond the ORM: COPY, advisory locks, patience while it is away."""
