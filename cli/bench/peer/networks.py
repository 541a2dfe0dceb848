"""The networks of examples/networks.ts and their variants, as PyTorch's users write them; parameters by the names they have there."""

import math

import torch
import torch.nn.functional as F


def mlp(p, x, spec):
    layers = len(spec["sizes"]) - 1
    h = x.to(p["weight0"].dtype) / 255
    for layer in range(layers):
        h = torch.addmm(p[f"bias{layer}"], F.relu(h) if layer else h, p[f"weight{layer}"])
    return h


def cnn(p, x, spec):
    image = spec["image"]
    h = (x.to(p["block0_weight"].dtype) / 255).view(-1, image["channels"], image["height"], image["width"])
    for i, block in enumerate(spec["blocks"]):
        bias = p[f"block{i}_bias"]
        y = F.conv2d(h, p[f"block{i}_weight"], None if spec["batchNorm"] else bias, padding=block["kernel"] // 2)
        if spec["batchNorm"]:
            y = F.batch_norm(y, None, None, p[f"block{i}_scale"], bias, training=True, eps=1e-5)
        h = F.relu(y + h if block["residual"] else y)
        if block["pool"] > 1:
            h = F.max_pool2d(h, block["pool"])
    h = h.flatten(1)
    for layer in range(len(spec["dense"])):
        h = torch.addmm(p[f"dense{layer}_bias"], F.relu(h) if layer else h, p[f"dense{layer}_weight"])
    return h


def gpt(p, ids, spec):
    heads, positions = spec["heads"], spec["positions"]
    width = spec["dim"] // heads
    rotary = spec["positionCode"] == "rotary"
    ids = ids.long()
    h = F.embedding(ids, p["tokens"])
    if not rotary:
        h = h + p["positions"]
    rows = h.shape[0]
    later = torch.triu(torch.ones(positions, positions, dtype=torch.bool), 1)
    for layer in range(spec["layers"]):
        at = f"layer{layer}_"
        y = normed(p, h, spec, at + "norm1")
        q, k, v = ((y @ p[at + name]).view(rows, positions, heads, width).transpose(1, 2) for name in ("query", "key", "value"))
        if rotary:
            q, k = turned(q), turned(k)
        weights = (q @ k.transpose(-2, -1) / math.sqrt(width)).masked_fill(later, -math.inf).softmax(-1)
        h = h + (weights @ v).transpose(1, 2).reshape(rows, positions, -1) @ p[at + "attended"]
        y = normed(p, h, spec, at + "norm2")
        wide = y @ p[at + "widen"]
        if spec["activation"] == "swiglu":
            wide = F.silu(y @ p[at + "gate"]) * wide
        else:
            wide = F.gelu(wide, approximate="tanh" if spec["activation"] == "gelu-tanh" else "none")
        h = h + wide @ p[at + "narrow"]
    y = normed(p, h, spec, "norm")
    return (y @ (p["tokens"].T if spec["tied"] else p["scores"])).flatten(0, 1)


def normed(p, x, spec, name):
    if spec["norm"] == "rms":
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * p[name + "_scale"]
    return F.layer_norm(x, x.shape[-1:], p[name + "_scale"], p[name + "_bias"], 1e-5)


def turned(x):
    positions, half = x.shape[-2], x.shape[-1] // 2
    frequencies = 10_000 ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.arange(positions, dtype=torch.float64)[:, None] * frequencies
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x[..., :half], x[..., half:]
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)


NETWORKS = {"mlp": mlp, "cnn": cnn, "gpt": gpt}


def loss(network, p, x, labels, spec):
    """Mean cross-entropy."""
    return F.cross_entropy(NETWORKS[network](p, x, spec), labels.long().flatten())
