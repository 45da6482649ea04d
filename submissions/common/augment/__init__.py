"""What happens to an image between the corpus store and the network (pretraining.md sections 1.6 and 4).

Random steps draw from torch's global generator only, so whoever seeds it fixes the view.
"""
