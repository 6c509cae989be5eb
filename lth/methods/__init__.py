"""How tickets are found and what becomes of them: methods, controls, rounds, evaluations."""
