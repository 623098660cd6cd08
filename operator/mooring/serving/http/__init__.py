"""HTTP/1.1 on a bare `asyncio.Protocol`: framing, order, bounds and timeouts. It knows no models.

A framework costs ten times the budget of a request here (design: an answer in tens of microseconds), so this is
written once: one object per request, heads rendered once per kind of answer, one write per connection and turn.
"""

from mooring.serving.http.exchange import Handler, Head, Heads, Request
from mooring.serving.http.limits import Limits
from mooring.serving.http.listener import Listener
from mooring.serving.http.routes import Routes

__all__ = ["Handler", "Head", "Heads", "Limits", "Listener", "Request", "Routes"]
