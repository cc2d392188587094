// The parts of undici that are used. All of it, with fetch and WebSocket, takes 60 ms more to load, which every push
// would wait for.

import api from 'undici/lib/api/index.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';

// What undici's own index does: its agents call these methods of each other.
Object.assign(Dispatcher.prototype, api);

export { Agent, EnvHttpProxyAgent };
