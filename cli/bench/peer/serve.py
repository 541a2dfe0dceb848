"""PyTorch as a peer: a JSON request a line on stdin, a JSON answer a line on stdout. Tensors are {dtype, shape, base64}."""

import base64
import json
import sys
import time

import torch

from networks import loss

DTYPES = {"float32": torch.float32, "float64": torch.float64, "uint8": torch.uint8}


def tensor(wire):
    return torch.frombuffer(bytearray(base64.b64decode(wire["base64"])), dtype=DTYPES[wire["dtype"]]).view(wire["shape"])


def gradients(request):
    """Loss and gradients of all parameters, in double precision."""
    p = {name: tensor(wire).double().requires_grad_() for name, wire in request["parameters"].items()}
    x, labels = (tensor(wire) for wire in request["batch"])
    value = loss(request["network"], p, x, labels, request["spec"])
    value.backward()
    encoded = {name: base64.b64encode(q.grad.numpy().tobytes()).decode() for name, q in p.items()}
    return {"loss": value.item(), "gradients": encoded}


class Training:
    """A training loop as its users write one; batches are the same every time, which costs PyTorch no gathering."""

    def __init__(self, request):
        torch.set_num_threads(request["threads"])
        self.device = request["device"]
        if self.device != "cpu":
            # The precision of what it stands beside: no operand is cut to 11 bits.
            torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
            torch.set_default_device(self.device)
        self.network, self.spec = request["network"], request["spec"]
        self.p = {name: tensor(wire).to(self.device, copy=True).requires_grad_() for name, wire in request["parameters"].items()}
        self.x, self.labels = (tensor(wire).to(self.device) for wire in request["batch"])
        rule = self.spec["optimizer"]
        rate = rule["learningRate"]
        if rule["kind"] == "momentum":
            self.optimizer = torch.optim.SGD(self.p.values(), lr=rate, momentum=rule["momentum"])
        else:
            matrices = [q for q in self.p.values() if q.dim() > 1]
            others = [q for q in self.p.values() if q.dim() <= 1]
            self.optimizer = torch.optim.AdamW(
                [{"params": matrices, "weight_decay": rule["weightDecay"]}, {"params": others, "weight_decay": 0}],
                lr=rate,
                betas=(rule["beta1"], rule["beta2"]),
                eps=rule["epsilon"],
            )

    def run(self, steps):
        norm = self.spec["optimizer"].get("clipNorm")
        begin = time.perf_counter()
        for _ in range(steps):
            self.optimizer.zero_grad(set_to_none=True)
            loss(self.network, self.p, self.x, self.labels, self.spec).backward()
            if norm is not None:
                torch.nn.utils.clip_grad_norm_(self.p.values(), norm)
            self.optimizer.step()
        if self.device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter() - begin


training = None
for line in sys.stdin:
    request = json.loads(line)
    if request["call"] == "gradients":
        answer = gradients(request)
    elif request["call"] == "open":
        training = Training(request)
        answer = {"torch": torch.__version__}
    else:
        answer = {"seconds": training.run(request["steps"])}
    print(json.dumps(answer), flush=True)
