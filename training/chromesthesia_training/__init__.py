"""Training, evaluation and export of the models that Chromesthesia plays."""
