"""Statistics that decide experiments. Pure functions: figures in, frozen records out.

``moments`` sums up an arm, ``cuped`` compares two, ``sequential`` says what that proves at any time, ``power`` how long
it takes, ``sample_ratio`` whether the arms got their shares, ``guardrails`` whether one does harm, ``futility`` whether
going on is worth it, ``verdict`` what to do. ``bandit`` reports on arms whose shares follow their rewards.
"""
