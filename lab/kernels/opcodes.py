"""The words of the machine: what a row of a program says.

A program is a table of int64, one row an operation, read by lab.kernels.interpreter. The same row serves the
forward and the backward pass. Offsets count numbers from the start of the arena (X, Y, DX, DY, AUX, SCRATCH)
or of the parameter vector (W, B); -1 means "not there". Sizes are of one example.

Buffers lie in the arena as [channel, row, example, column], so that a matrix product over one row of filter
taps covers all examples at once; a vector of n units is [n, examples].
"""

# operations
DENSE, CONV2D, MAX_POOL, AVERAGE_POOL, FLATTEN, ACTIVATION, COPY, TRANSPOSED_CONV2D, UPSAMPLE = range(9)
LOSS = 20

# columns of a row
OP = 0
LAYER = 1  # index of the layer it belongs to, for messages
X = 2  # input
Y = 3  # output
DX = 4  # derivative of the loss with respect to the input; -1 where nobody asks for it
DY = 5
W = 6
B = 7
ADD = 8  # 1: another row has already written to DX, add to it
KIND = 9  # which activation, which loss
AUX = 10  # what the forward pass leaves for the backward pass (which input won, the targets)
SCRATCH = 11  # working space that nobody reads afterwards
CI, HI, WI = 12, 13, 14
CO, HO, WO = 15, 16, 17
KH, KW, SH, SW, PH, PW, DH, DW = 18, 19, 20, 21, 22, 23, 24, 25
CHANNEL = 26  # COPY: the first channel of the output to be written
TOP, LEFT = 27, 28  # COPY: where in the input the output's window begins
PLUS = 29  # COPY: 1 adds to what other rows have written to the output
COLUMNS = 30

# a plan: where things are in the program as a whole
FORWARD, LOSS_ROW, BACKWARD, END, INPUT, TARGET, OUTPUT, CAPACITY, IC, IH, IW, OUTPUTS, PARAMETERS = range(13)
PLAN = 13
