"""Error surfaces of a run: planes are chosen and framed, errors filled in, and the compass worked out.

`surveyor` is the whole of it. `wish` says what a plane is wanted for; `choosing` finds it, by `planes` and `slopes`;
`framing` says which part of it is shown and for how long it serves; `error` is the height as a function of all weights;
`filling` does the work, as `effort` allows; `compass` tells directions and numbers where the run stands.
"""

from lab.training.survey.effort import too_dear
from lab.training.survey.framing import OTHER_POINTS
from lab.training.survey.surveyor import Surveyor

__all__ = ["OTHER_POINTS", "Surveyor", "too_dear"]
