// HTTP for the registry client: a network failure is a RegistryError.

import { createHttp } from '../http/http.ts';
import type { Http, HttpOptions, HttpResponse } from '../http/http.ts';
import { registryFailure } from './registry-error.ts';

/** As {@link createHttp}, but `send` and the bodies of its answers throw a RegistryError for a network failure. */
export function createRegistryHttp(options: HttpOptions): Http {
  const http = createHttp(options);
  return {
    async send(request) {
      let response: HttpResponse;
      try {
        response = await http.send(request);
      } catch (error) {
        throw registryFailure(error);
      }
      return { ...response, body: translated(response) };
    },
    close: () => http.close(),
  };
}

async function* translated({ body }: HttpResponse): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw registryFailure(error);
  }
}
