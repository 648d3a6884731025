"""The conditional generator of abstract pictures: model, training, evaluation, export."""
