"""Predict the shipped digits bit-exactly: the integers that the circuit will answer."""

import hadamac

network = hadamac.load()
images, labels = hadamac.shipped_digits()
prediction = network.predict(images)
print(f"accuracy {(prediction.classes == labels).mean():.3f}, logits of the first digit: {prediction.logits[0]}")
