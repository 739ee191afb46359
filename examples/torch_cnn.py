"""Train a small CNN of torch on the shipped digits, and compile it: the same network in words and as a circuit."""

import torch
from torch import nn

import hadamac
from hadamac_hw import network_verilog

images, labels = hadamac.shipped_digits()  # 500 digits, uint8 (500, 28, 28)
images = images[:, None]
x, y = torch.from_numpy(images).float() / 255, torch.from_numpy(labels).long()

torch.manual_seed(1)
model = nn.Sequential(
    nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(8 * 7 * 7, 10))
optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(6):
    for batch in torch.randperm(400).split(40):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimiser.step()

artifact = hadamac.compile(model, images[:100], name="torch-cnn")
with torch.no_grad():
    right = (model.eval()(x[400:]).argmax(1) == y[400:]).sum()
prediction, cost = artifact.predict(images[400:]), hadamac.estimate(artifact.qnet)
print(f"of 100 digits, torch has {right} right, fixed point {(prediction.classes == labels[400:]).sum()}")
print(f"latency {cost.latency}, interval {cost.interval}, {cost.multipliers} multipliers, "
      f"{cost.memory_bits} memory bits")
print(f"{len(network_verilog(artifact.qnet).splitlines())} lines of Verilog")
