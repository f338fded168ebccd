"""Trains, measures and packs guardlayer's own entailment model: ``python -m tools.entailment --help``.

Needs torch, transformers and onnx to train; what comes out needs onnxruntime and tokenizers alone.
"""
