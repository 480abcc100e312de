"""How a run goes: the graph, what is shown, what Prefect keeps, what a kill leaves behind."""
