// Loaded before the bundles when they run under Wine, which has no keep-alive for sockets.

import { Socket } from 'node:net';

Socket.prototype.setKeepAlive = function () {
  return this;
};
