"""A graph as a torch module that can be fine-tuned, where its operators allow and where its outputs prove it.

`node` says what an operator is, `operators/` executes each with torch, `plan` decides what of a graph is trained and
what cannot be, `module` runs the plan, `proof` compares it with onnxruntime, `apart` does so with limits.
"""
