// The parts of undici that are used. All of it, with fetch and WebSocket, takes 60 ms more to load, which every push
// would wait for.

import { subscribe } from 'node:diagnostics_channel';
import api from 'undici/lib/api/index.js';
import symbols from 'undici/lib/core/symbols.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';

// What undici's own index does: its agents call these methods of each other.
Object.assign(Dispatcher.prototype, api);

// undici ends the connection at a 100 that it didn't ask for, where RFC 9110, section 15.2, has a client pass over it;
// any other interim answer it does pass over.
subscribe('undici:client:connected', (message) => {
  const { socket } = message as { readonly socket?: Partial<Record<symbol, Http1Parser>> };
  // Another copy of undici, such as the one in Node, has symbols of its own.
  const parser = socket?.[symbols.kParser];
  if (parser === undefined) return;
  const { onHeadersComplete } = parser;
  parser.onHeadersComplete = (status, ...others) =>
    onHeadersComplete.call(parser, status === 100 ? 102 : status, ...others);
});

interface Http1Parser {
  onHeadersComplete: (status: number, upgrade: boolean, keepAlive: boolean) => number;
}

export { Agent, EnvHttpProxyAgent };
