"""How a submission is run: today a plain process, later a container, behind the same contract."""
