"""Compile a residual network of torch for colour images; its forward is plain Python (random weights here)."""

import numpy as np
import torch
from torch import nn

import hadamac


class Block(nn.Module):
    """Two convolutions, and a connection around them."""

    def __init__(self, channels: int):
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x):
        y = torch.relu(self.norm1(self.first(x)))
        return torch.relu(self.norm2(self.second(y)) + x)


torch.manual_seed(1)
model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), Block(8), nn.MaxPool2d(2), Block(8),
                      nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
images = np.random.default_rng(1).integers(0, 256, (16, 3, 24, 24)).astype(np.uint8)
mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # torchvision's Normalize
artifact = hadamac.compile(model, images, mean=mean, deviation=deviation, classes=("cat", "dog", "ship", "truck"))
print(", ".join(f"{layer.name} {layer.type}" for layer in artifact.qnet.network.layers))

x = torch.from_numpy(images).float() / 255
x = (x - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]
with torch.no_grad():
    wanted = model.eval()(x).numpy()
error = np.abs(artifact.predict(images).values - wanted).max() / np.abs(wanted).max()
print(f"words of 16 bits and weights of 8 bits differ from torch by {100 * error:.1f} % of the largest logit")
