"""The process engine: BPMN, DMN and FEEL compiled to an immutable model and run by a pure kernel."""
