"""Plain, slow twins of every operation, written from the formulas, in float64 and in the order [n, C, H, W].

A forward function returns what it computes; a backward function takes the derivative of the loss with respect to
that and returns the derivatives with respect to the inputs, in the order of the arguments.
"""

from __future__ import annotations

import zlib

import numpy as np

from lab.network.layers import (
    ActivationLayer,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Crop,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    LayerNorm,
    LocalResponseNorm,
    MaxPool2D,
    PReLU,
    Softmax,
    Subsample,
    TransposedConv2D,
    Upsample,
)


def two(pair):
    """(vertical, horizontal) of a layer's field."""
    return pair if isinstance(pair, tuple) else (pair, pair)


def sides(padding):
    """((above, below), (left, right)) of a padding that may be one number an axis."""
    return tuple(two(p) for p in padding)


def same(shape, kernel, stride, dilation):
    """TensorFlow's: ceil(extent / stride) outputs, the smaller half of the padding before."""
    needs = [
        max((-(-extent // s) - 1) * s + (k - 1) * d + 1 - extent, 0)
        for extent, k, s, d in zip(shape, kernel, stride, dilation, strict=True)
    ]
    return tuple((need // 2, need - need // 2) for need in needs)


def padded(X, ph, pw, value=0.0):
    return np.pad(X, ((0, 0), (0, 0), *sides((ph, pw))), constant_values=value)


def unpadded(P, X, padding):
    """The part of P, which is X padded, that is X."""
    (top, _), (left, _) = sides(padding)
    return P[:, :, top : top + X.shape[2], left : left + X.shape[3]]


def windows(X, kernel, stride, dilation=(1, 1)):
    """(row, column, slices) of every window of the padded X."""
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    for oy, y in enumerate(range(0, X.shape[2] - reach[0] + 1, stride[0])):
        for ox, x in enumerate(range(0, X.shape[3] - reach[1] + 1, stride[1])):
            rows = slice(y, y + reach[0], dilation[0])
            columns = slice(x, x + reach[1], dilation[1])
            yield oy, ox, (slice(None), slice(None), rows, columns)


def extent(size, kernel, stride, padding, dilation=1):
    return (size + sum(two(padding)) - (kernel - 1) * dilation - 1) // stride + 1


def dense(X, W, b):
    return X @ W.T + b


def dense_backward(dY, X, W):
    return dY @ W, dY.T @ X, dY.sum(0)


def conv2d(X, W, b, stride=(1, 1), padding=(0, 0), dilation=(1, 1)):
    axes = zip(X.shape[2:], W.shape[2:], stride, padding, dilation, strict=True)
    Y = np.empty((len(X), len(W), *[extent(*axis) for axis in axes]))
    for oy, ox, at in windows(padded(X, *padding), W.shape[2:], stride, dilation):
        Y[:, :, oy, ox] = np.einsum("ncij,ocij->no", padded(X, *padding)[at], W) + b
    return Y


def conv2d_backward(dY, X, W, stride=(1, 1), padding=(0, 0), dilation=(1, 1)):
    P = padded(X, *padding)
    dP, dW = np.zeros_like(P), np.zeros_like(W)
    for oy, ox, at in windows(P, W.shape[2:], stride, dilation):
        d = dY[:, :, oy, ox]
        dW += np.einsum("no,ncij->ocij", d, P[at])
        dP[at] += np.einsum("no,ocij->ncij", d, W)
    return unpadded(dP, X, padding), dW, dY.sum((0, 2, 3))


def divided(layer, W, channels):
    """W as a dense convolution's [filters, channels, kh, kw], 0 where filter and channel are not connected.

    And the places of W's own numbers in it.
    """
    full = np.zeros((layer.filters, channels, *W.shape[-2:]))
    if layer.connections:
        at = ([o for o, maps in enumerate(layer.connections) for _ in maps], sum(layer.connections, ()))
    else:
        o, c = np.indices(W.shape[:2])
        at = (o, o // (layer.filters // layer.groups) * W.shape[1] + c)
    full[at] = W
    return full, at


def transposed_conv2d(X, W, b, stride, padding, more):
    """Each pixel of X stamps W, then the border is cut away."""
    (N, _, H, K), (ph, pw), (kh, kw) = X.shape, padding, W.shape[2:]
    Y = np.zeros((N, W.shape[1], (H - 1) * stride[0] + kh + more[0], (K - 1) * stride[1] + kw + more[1]))
    for y in range(H):
        for x in range(K):
            at = np.s_[:, :, y * stride[0] : y * stride[0] + kh, x * stride[1] : x * stride[1] + kw]
            Y[at] += np.einsum("nc,coij->noij", X[:, :, y, x], W)
    return Y[:, :, ph : Y.shape[2] - ph, pw : Y.shape[3] - pw] + b[:, None, None]


def transposed_conv2d_backward(dY, X, W, stride, padding):
    P, (kh, kw) = padded(dY, *padding), W.shape[2:]
    dX, dW = np.zeros_like(X), np.zeros_like(W)
    for y in range(X.shape[2]):
        for x in range(X.shape[3]):
            d = P[:, :, y * stride[0] : y * stride[0] + kh, x * stride[1] : x * stride[1] + kw]
            dX[:, :, y, x] = np.einsum("noij,coij->nc", d, W)
            dW += np.einsum("nc,noij->coij", X[:, :, y, x], d)
    return dX, dW, dY.sum((0, 2, 3))


def stretching(extent, factor, method):
    """The matrix [new, old] of an upsampling along one axis."""
    if method == "nearest":
        return np.repeat(np.eye(extent), factor, 0)
    middles = (np.arange(extent * factor) + 0.5) / factor - 0.5
    return np.stack([np.interp(middles, np.arange(extent), row) for row in np.eye(extent)], 1)


def upsample(X, factor, method):
    down, across = (stretching(e, f, method) for e, f in zip(X.shape[2:], factor, strict=True))
    return down @ X @ across.T


def upsample_backward(dY, X, factor, method):
    down, across = (stretching(e, f, method) for e, f in zip(X.shape[2:], factor, strict=True))
    return down.T @ dY @ across


def pooled(X, kernel, stride, padding):
    return (*X.shape[:2], *[extent(*a) for a in zip(X.shape[2:], kernel, stride, padding, strict=True)])


def max_pool(X, kernel, stride, padding):
    Y = np.empty(pooled(X, kernel, stride, padding))
    P = padded(X, *padding, -np.inf)
    for oy, ox, at in windows(P, kernel, stride):
        Y[:, :, oy, ox] = P[at].max((2, 3))
    return Y


def max_pool_backward(dY, X, kernel, stride, padding):
    P = padded(X, *padding, -np.inf)
    dP = np.zeros_like(P)
    for oy, ox, at in windows(P, kernel, stride):
        window = P[at].reshape(*X.shape[:2], -1)
        first = np.eye(window.shape[2])[window.argmax(2)]
        dP[at] += (dY[:, :, oy, ox, None] * first).reshape(P[at].shape)
    return unpadded(dP, X, padding)


def average_pool(X, kernel, stride, padding):
    Y = np.empty(pooled(X, kernel, stride, padding))
    P = padded(X, *padding)
    for oy, ox, at in windows(P, kernel, stride):
        Y[:, :, oy, ox] = P[at].mean((2, 3))
    return Y


def average_pool_backward(dY, X, kernel, stride, padding):
    P = padded(X, *padding)
    dP = np.zeros_like(P)
    for oy, ox, at in windows(P, kernel, stride):
        dP[at] += dY[:, :, oy, ox, None, None] / (kernel[0] * kernel[1])
    return unpadded(dP, X, padding)


ACTIVATIONS = {
    # name: (f(z), f'(z)), each with its one constant
    "Linear": (lambda z, a: z, lambda z, a: np.ones_like(z)),
    "Sigmoid": (lambda z, a: 1 / (1 + np.exp(-z)), lambda z, a: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "Tanh": (lambda z, a: np.tanh(z), lambda z, a: 1 / np.cosh(z) ** 2),
    "ReLU": (lambda z, a: np.where(z > 0, z, 0), lambda z, a: (z > 0) * 1.0),
    "LeakyReLU": (lambda z, a: np.where(z > 0, z, a * z), lambda z, a: np.where(z > 0, 1.0, a)),
}


def softmax_cross_entropy(Y, T):
    """Sum over the examples, and its derivative."""
    shifted = Y - Y.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return -(T * log_p).sum(), np.exp(log_p) * T.sum(1, keepdims=True) - T


def squared_error(Y, T):
    return 0.5 * ((T - Y) ** 2).sum(), Y - T


LOSSES = {"SoftmaxCrossEntropy": softmax_cross_entropy, "SquaredError": squared_error}


def way(layer, x):
    """Stride, padding and dilation of a convolution."""
    kernel, stride, dilation = two(layer.kernel), two(layer.stride), two(layer.dilation)
    if layer.padding == "same":
        return stride, same(x.shape[2:], kernel, stride, dilation), dilation
    return stride, (0, 0) if layer.padding == "valid" else two(layer.padding), dilation


def pooling(layer, x):
    """Kernel, stride and padding."""
    if isinstance(layer, GlobalMaxPool2D | GlobalAveragePool2D):
        return x.shape[2:], (1, 1), (0, 0)
    return two(layer.kernel), two(layer.stride), two(layer.padding)


def bias_of(layer, parameters, i):
    return parameters.get(f"l{i}.bias", np.zeros(layer.filters))


def network(layers, parameters, X, T, loss):
    """A chain of layers forward and backward.

    The loss summed over the examples, the outputs, the derivatives of each parameter by name, each layer's
    (z, y), and the derivatives at each layer's (z, y). Layers are named l0, l1, ...
    """
    flowing, seen = X, []
    for i, layer in enumerate(layers):
        x = flowing
        match layer:
            case Dense():
                b = parameters.get(f"l{i}.bias", np.zeros(layer.units))
                z = dense(x[:, :, 0, 0], parameters[f"l{i}.weight"], b)[:, :, None, None]
            case Conv2D():
                W, _ = divided(layer, parameters[f"l{i}.weight"], x.shape[1])
                z = conv2d(x, W, bias_of(layer, parameters, i), *way(layer, x))
            case TransposedConv2D(output_padding=more):
                s, p = two(layer.stride), two(layer.padding)
                b = bias_of(layer, parameters, i)
                z = transposed_conv2d(x, parameters[f"l{i}.weight"], b, s, p, two(more))
            case MaxPool2D() | GlobalMaxPool2D():
                z = max_pool(x, *pooling(layer, x))
            case AveragePool2D() | GlobalAveragePool2D():
                z = average_pool(x, *pooling(layer, x))
            case Upsample(factor=f, method=method):
                z = upsample(x, two(f), method)
            case Crop():
                (down, across), (H, K) = two(layer.border), x.shape[2:]
                z = x[:, :, down : H - down, across : K - across]
            case Flatten():
                z = x.reshape(len(x), -1, 1, 1)
        flowing = z
        if activation := getattr(layer, "activation", None):
            flowing = ACTIVATIONS[type(activation).__name__][0](z, activation.alpha)
        seen.append((x, z, flowing))
    output = flowing.reshape(len(X), -1)
    error, d = LOSSES[type(loss).__name__](output, T)
    d = d.reshape(flowing.shape)
    grads, derivatives = {}, []
    for i, layer in reversed(list(enumerate(layers))):
        x, z, _ = seen[i]
        dy = d
        if activation := getattr(layer, "activation", None):
            d = d * ACTIVATIONS[type(activation).__name__][1](z, activation.alpha)
        derivatives.insert(0, (d, dy))
        match layer:
            case Dense():
                dx, dW, db = dense_backward(d[:, :, 0, 0], x[:, :, 0, 0], parameters[f"l{i}.weight"])
                d = dx[:, :, None, None]
                grads |= {f"l{i}.weight": dW} | ({f"l{i}.bias": db} if layer.bias else {})
            case Conv2D():
                full, at = divided(layer, parameters[f"l{i}.weight"], x.shape[1])
                d, dW, db = conv2d_backward(d, x, full, *way(layer, x))
                grads |= {f"l{i}.weight": dW[at]} | ({f"l{i}.bias": db} if layer.bias else {})
            case TransposedConv2D(stride=s, padding=p):
                d, dW, db = transposed_conv2d_backward(d, x, parameters[f"l{i}.weight"], two(s), two(p))
                grads |= {f"l{i}.weight": dW} | ({f"l{i}.bias": db} if layer.bias else {})
            case MaxPool2D() | GlobalMaxPool2D():
                d = max_pool_backward(d, x, *pooling(layer, x))
            case AveragePool2D() | GlobalAveragePool2D():
                d = average_pool_backward(d, x, *pooling(layer, x))
            case Upsample(factor=f, method=method):
                d = upsample_backward(d, x, two(f), method)
            case Crop():
                d = padded(d, *two(layer.border))
            case Flatten():
                d = d.reshape(x.shape)
    return error, output, grads, [(z, y) for _, z, y in seen], derivatives


class SGD:
    def __init__(self, size, rate):
        self.rate = rate

    def step(self, w, g, t):
        return w - self.rate * g


class Momentum:
    """The lecture's G1: the velocity is in units of the weight."""

    def __init__(self, size, rate, alpha):
        self.rate, self.alpha, self.change = rate, alpha, np.zeros(size)

    def step(self, w, g, t):
        self.change = self.alpha * self.change - self.rate * g
        return w + self.change


class RMSprop:
    def __init__(self, size, rate, decay, epsilon):
        self.rate, self.decay, self.epsilon, self.mean = rate, decay, epsilon, np.zeros(size)

    def step(self, w, g, t):
        self.mean = self.decay * self.mean + (1 - self.decay) * g**2
        return w - self.rate * g / (np.sqrt(self.mean) + self.epsilon)


class Adam:
    """Kingma and Ba, 2015, algorithm 1, line by line; t counts from 1."""

    def __init__(self, size, rate, beta1, beta2, epsilon):
        self.rate, self.beta1, self.beta2, self.epsilon = rate, beta1, beta2, epsilon
        self.m, self.v = np.zeros(size), np.zeros(size)

    def step(self, w, g, t):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m / (1 - self.beta1**t)
        v_hat = self.v / (1 - self.beta2**t)
        return w - self.rate * m_hat / (np.sqrt(v_hat) + self.epsilon)


# Layers with a twin each: forward(layer, p, X, training, drawn) -> Y, and backward(layer, p, X, dY, training, drawn)
# -> dX and the derivatives of the parameters p by name. `drawn` is (seed, the layer's name, examples drawn before).


def subsample(layer, p, X, training, drawn):
    k, s = two(layer.kernel), two(layer.stride)
    Y = np.empty(pooled(X, k, s, (0, 0)))
    for oy, ox, at in windows(X, k, s):
        Y[:, :, oy, ox] = p["coefficient"] * X[at].sum((2, 3)) + p["bias"]
    return Y


def subsample_backward(layer, p, X, dY, training, drawn):
    k, s = two(layer.kernel), two(layer.stride)
    dX, d_coefficient = np.zeros_like(X), np.zeros(X.shape[1])
    for oy, ox, at in windows(X, k, s):
        dX[at] += (p["coefficient"] * dY[:, :, oy, ox])[:, :, None, None]
        d_coefficient += (dY[:, :, oy, ox] * X[at].sum((2, 3))).sum(0)
    return dX, {"coefficient": d_coefficient, "bias": dY.sum((0, 2, 3))}


GAMMA, WHOLE = 0x9E3779B97F4A7C15, 1 << 64


def finalised(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WHOLE
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WHOLE
    return z ^ (z >> 31)


def mixed(a, b):
    """lab.kernels.chance.mixed, in whole numbers of any size."""
    z = (a * GAMMA + b) % WHOLE
    for _ in range(2):
        z = finalised((z + GAMMA) % WHOLE)
    return z


def kept(layer, shape, drawn):
    """1 where dropout lets a number of [n, C, H, W] through."""
    seed, name, before = drawn
    stream = mixed(seed, zlib.crc32(name.encode()))
    mask = np.empty(shape)
    for e, c, y, x in np.ndindex(shape):
        row, place = c * shape[2] + y, (before + e) * shape[3] + x
        bits = finalised((mixed(stream, row) + place * GAMMA) % WHOLE)
        mask[e, c, y, x] = bits / WHOLE >= layer.rate
    return mask


def dropout(layer, p, X, training, drawn):
    return X * kept(layer, X.shape, drawn) / (1 - layer.rate) if training else X


def dropout_backward(layer, p, X, dY, training, drawn):
    return dropout(layer, p, dY, training, drawn), {}


def neighbours(layer, c, C):
    return range(max(0, c - layer.size // 2), min(C, c + (layer.size - 1) // 2 + 1))


def response_sums(layer, X):
    alpha = layer.alpha / (layer.size if layer.alpha_over == "mean" else 1)
    S, C = np.empty_like(X), X.shape[1]
    for c in range(C):
        S[:, c] = layer.k + alpha * sum(X[:, j] ** 2 for j in neighbours(layer, c, C))
    return S, alpha


def local_response_norm(layer, p, X, training, drawn):
    return X * response_sums(layer, X)[0] ** -layer.beta


def local_response_norm_backward(layer, p, X, dY, training, drawn):
    S, alpha = response_sums(layer, X)
    dX = np.zeros_like(X)
    for c in range(X.shape[1]):
        dX[:, c] += dY[:, c] * S[:, c] ** -layer.beta
        for j in neighbours(layer, c, X.shape[1]):
            dX[:, j] -= dY[:, c] * X[:, c] * layer.beta * S[:, c] ** (-layer.beta - 1) * 2 * alpha * X[:, j]
    return dX, {}


def activation(layer, p, X, training, drawn):
    f, _ = ACTIVATIONS[type(layer.activation).__name__]
    return f(X, layer.activation.alpha)


def activation_backward(layer, p, X, dY, training, drawn):
    _, slope = ACTIVATIONS[type(layer.activation).__name__]
    return dY * slope(X, layer.activation.alpha), {}


def by_channel(values):
    return np.asarray(values)[:, None, None]


def prelu(layer, p, X, training, drawn):
    return np.where(X > 0, X, by_channel(p["slope"]) * X)


def prelu_backward(layer, p, X, dY, training, drawn):
    each = (dY * np.where(X > 0, 0, X)).sum((0, 2, 3))
    d_slope = each if len(p["slope"]) == len(each) else each.sum(keepdims=True)
    return dY * np.where(X > 0, 1, by_channel(p["slope"])), {"slope": d_slope}


def softmax(layer, p, X, training, drawn):
    shares = np.exp(X - X.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


def softmax_backward(layer, p, X, dY, training, drawn):
    """By the whole Jacobian: dy_i/dx_j = y_i (1 where i = j, - y_j)."""
    Y = softmax(layer, p, X, training, drawn)
    J = np.einsum("nihw,ij->nijhw", Y, np.eye(X.shape[1])) - np.einsum("nihw,njhw->nijhw", Y, Y)
    return np.einsum("nijhw,nihw->njhw", J, dY), {}


def normalized(X, axes, epsilon):
    return (X - X.mean(axes, keepdims=True)) / np.sqrt(X.var(axes, keepdims=True) + epsilon)


def normalized_backward(X, G, axes, epsilon):
    """Of the derivatives G at the normalized numbers: through the variance and through the mean, one by one."""
    M = X.size / X.mean(axes).size
    away, variance = X - X.mean(axes, keepdims=True), X.var(axes, keepdims=True) + epsilon
    d_variance = (G * away).sum(axes, keepdims=True) * -0.5 * variance**-1.5
    d_mean = -(G / np.sqrt(variance)).sum(axes, keepdims=True)
    return G / np.sqrt(variance) + d_variance * 2 * away / M + d_mean / M


def batch_norm(layer, p, X, training, drawn):
    if training:
        x = normalized(X, (0, 2, 3), layer.epsilon)
    else:
        x = (X - by_channel(p["mean"])) / np.sqrt(by_channel(p["variance"]) + layer.epsilon)
    return by_channel(p["scale"]) * x + by_channel(p["shift"])


def batch_norm_backward(layer, p, X, dY, training, drawn):
    one = {**p, "scale": np.ones_like(p["scale"]), "shift": np.zeros_like(p["shift"])}
    x, G = batch_norm(layer, one, X, training, drawn), dY * by_channel(p["scale"])
    none = np.zeros_like(p["mean"])
    grads = {"scale": (dY * x).sum((0, 2, 3)), "shift": dY.sum((0, 2, 3)), "mean": none, "variance": none}
    if not training:
        return G / np.sqrt(by_channel(p["variance"]) + layer.epsilon), grads
    grads["mean"] = p["mean"] - X.mean((0, 2, 3))
    if X[:, 0].size > 1:
        grads["variance"] = p["variance"] - X.var((0, 2, 3), ddof=1)
    return normalized_backward(X, G, (0, 2, 3), layer.epsilon), grads


def layer_norm(layer, p, X, training, drawn):
    return normalized(X, (1, 2, 3), layer.epsilon) * p["scale"].reshape(X.shape[1:]) + p["shift"].reshape(
        X.shape[1:]
    )


def layer_norm_backward(layer, p, X, dY, training, drawn):
    d_scale, d_shift = (dY * normalized(X, (1, 2, 3), layer.epsilon)).sum(0), dY.sum(0)
    dX = normalized_backward(X, dY * p["scale"].reshape(X.shape[1:]), (1, 2, 3), layer.epsilon)
    shape = p["scale"].shape
    return dX, {"scale": d_scale.reshape(shape), "shift": d_shift.reshape(shape)}


LAYERS = {
    ActivationLayer: (activation, activation_backward),
    PReLU: (prelu, prelu_backward),
    Softmax: (softmax, softmax_backward),
    BatchNorm: (batch_norm, batch_norm_backward),
    LayerNorm: (layer_norm, layer_norm_backward),
    Subsample: (subsample, subsample_backward),
    Dropout: (dropout, dropout_backward),
    LocalResponseNorm: (local_response_norm, local_response_norm_backward),
}
