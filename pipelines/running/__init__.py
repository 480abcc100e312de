"""How a run goes: the graph, whose turn it is, what is shown, what Prefect keeps, what a kill leaves behind."""
