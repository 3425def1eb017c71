torchrun --nproc_per_node 2 run_clm.py \
  --model_name_or_path gpt2 --do_train --bf16 True \
  --learning_rate 1e-4 --max_steps=60 --warmup_ratio 0.1 \
  --lr_scheduler_type cosine_with_min_lr --lr_scheduler_kwargs '{"min_lr_rate": 0.1}'
