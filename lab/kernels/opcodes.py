"""The words of the machine: what a row of a program says.

A program is a table of int64, one row an operation, read by lab.kernels.interpreter. The same row serves the
forward and the backward pass. Offsets count numbers from the start of the arena (X, Y, DX, DY, AUX, SCRATCH)
or of the parameter vector (W, B); -1 means "not there". Sizes are of one example.

Buffers lie in the arena as [channel, row, example, column], so that a matrix product over one row of filter
taps covers all examples at once; a vector of n units is [n, examples].
"""

# operations: their places in lab.kernels.operations.OPERATIONS
(
    DENSE, CONV2D, TRANSPOSED_CONV2D, MAX_POOL, AVERAGE_POOL, FLATTEN, ACTIVATION, COPY, UPSAMPLE, LOSS,
    BILINEAR, SUBSAMPLE, DROPOUT, LOCAL_RESPONSE_NORM, PRELU, SOFTMAX, BATCH_NORM, LAYER_NORM,
    ELEMENTARY, WEIGHT, TILT,
) = range(21)  # fmt: skip

# columns of a row
OP = 0
LAYER = 1  # index of the layer it belongs to, for messages; -1 for the loss
X = 2  # input
Y = 3  # output
DX = 4  # derivative of the loss with respect to the input; -1 where nobody asks for it
DY = 5
W = 6
B = 7
ADD = 8  # 1: another row has already written to DX, add to it
KIND = 9  # which activation, which loss, which elementary operation
AUX = 10  # what the forward pass leaves for the backward pass (which input won, the targets)
SCRATCH = 11  # working space that nobody reads afterwards; how many numbers: SPACE
CI, HI, WI = 12, 13, 14
CO, HO, WO = 15, 16, 17
KH, KW, SH, SW, PH, PW, DH, DW = 18, 19, 20, 21, 22, 23, 24, 25
CHANNEL = 26  # COPY: the first channel of the output to be written
TOP, LEFT = 27, 28  # COPY: where in the input the output's window begins
PLUS = 29  # COPY: 1 adds to what other rows have written to the output
GROUPS = 30  # into how many groups channels and filters are divided
LIST, LENGTH = 31, 32  # a stretch of the program's lists
NUMBER = 33  # the row's own number: which constants are its own
MEAN, VARIANCE = 34, 35  # running statistics, in the parameter vector
TRAINING = 36  # 1: as in training, where a batch speaks for itself and units are dropped; 0: as in use
SPACE = 37
NAME = 38  # a number made of the layer's name, that names its random draws
SECOND = 39  # a second input; -1 where there is none
D_SECOND, ADD_SECOND = 40, 41  # as DX and ADD, of the second input
HELD = 42  # ELEMENTARY: which operand is the row's own number instead of an input; 0 none, 1 the first, 2 the second
TERM = 43  # the number of the term of a formula that the row computes
COLUMNS = 44

# constants of a row: float64; an activation's or layer's own numbers, a loss's (lab.kernels.loss)
CONSTANTS = 3

# a plan: where things are in the program as a whole
FORWARD, LOSS_ROW, BACKWARD, END, INPUT, TARGET, OUTPUT, CAPACITY, IC, IH, IW = range(11)
OC, OH, OW = 11, 12, 13  # of the output and of a target
PARAMETERS, LEARNED = (
    14,
    15,
)  # numbers in the parameter vector; those before the running statistics at its end
KEEPS = 16  # 1: no row writes where the examples were put, and they need not be put there again
PLAN = 17

# counters: what names the random draws of a step
SEED, DRAWN = 0, 1  # the run's seed; examples drawn before the first of these
COUNTERS = 2
