"""OSCQuery: a tree of OSC addresses that other programs read over HTTP and follow over WebSocket.

The protocol knows a tree of `nodes.Node` and nothing of a show: `nodes`, `answers`, `changes`, `commands`, `clients`,
`gate`, `server` and `announce` could be a library of their own. `adapter`, `port` and `endpoints` join them to a show.
"""
