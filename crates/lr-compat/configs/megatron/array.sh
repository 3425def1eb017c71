#!/bin/bash

TRAINING_ARGS=(
    --micro-batch-size 1
    --global-batch-size 16
    --train-iters 80
    --fp16
    --lr 6.0e-5 # at the top
    --lr-decay-style cosine
    --min-lr 6.0e-6
    --lr-warmup-fraction .1
    --lr-decay-iters 70
)
