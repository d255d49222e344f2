"""`horovodrun --gloo` for ranks of one machine: `python -m interest_spark.models.launch.gloo_main RANKS COMMAND…`.

Horovod's own command first loads TensorFlow in a process of its own, to ask whether Gloo was built in, and only
then starts the ranks, which load it again: 2.4 s in which nothing else happens. Here the ranks find out themselves.
"""

import sys

from horovod.runner.common.util.settings import BaseSettings
from horovod.runner.gloo_run import gloo_run

from interest_spark.models.launch.horovodrun_launcher import loopback_interface

_LOOPBACK = "127.0.0.1"


def main(arguments: list[str]) -> int:
    """Run the command once a rank, talking over the loopback interface; returns 1 when a rank failed."""
    ranks, *command = arguments
    settings = BaseSettings(num_proc=int(ranks), verbose=0)
    settings.hosts = f"localhost:{ranks}"
    # The ranks inherit the environment. Handed over here, it would stand in their command line, secrets and all.
    try:
        gloo_run(settings, [loopback_interface()], {}, _LOOPBACK, command)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
