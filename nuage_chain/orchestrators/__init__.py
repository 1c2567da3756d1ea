"""What an orchestrator tells about a workload; each module speaks to one, none knows the others."""
