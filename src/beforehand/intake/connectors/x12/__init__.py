"""X12: what health plans, clinics and employers send each other about claims, payments and enrolment."""
