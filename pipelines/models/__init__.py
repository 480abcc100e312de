"""What the stages that learn share: frames, candidates, preprocessing, folds, calibration, conversion."""
