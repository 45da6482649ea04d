"""Where jobs run: in this process, in worker processes on this machine, or on a Ray cluster.

A job is JSON and a function by name; what it does is none of this room's business. It must be idempotent: a job
whose worker was lost is run again, and one that another process has finished meanwhile finds nothing left to do.
"""
