"""A model behind an OpenAI-compatible endpoint on this machine: many clients, one engine that batches them together.

`asked` reads what a client wants, `feed` puts it into the engine's one stream of requests, `told` words what is sent
back, `answer` sends it, `server` is the HTTP around them. Nothing here knows which engine it is.
"""

from sailbench.serve.asked import Limits, Rules
from sailbench.serve.feed import Feed
from sailbench.serve.server import Server

__all__ = ["Feed", "Limits", "Rules", "Server"]
