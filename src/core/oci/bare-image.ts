// An image with the settings of another one and none of its layers. Pure.

import { blobOf } from './blob.ts';
import type { Blob } from './blob.ts';
import { encodeJson } from './json.ts';
import type { JsonObject } from './json.ts';
import { mediaTypes } from './media-types.ts';
import type { Platform } from './platform.ts';

export interface BareImage {
  readonly manifest: Blob;
  readonly config: Blob;
}

/** @param fields the config's own `config` */
export function bareImage(fields: JsonObject, platform: Platform, author?: string): BareImage {
  const config = blobOf(
    mediaTypes.config,
    encodeJson({
      ...(author === undefined ? {} : { author }),
      ...platform,
      config: fields,
      rootfs: { type: 'layers', diff_ids: [] },
      history: [],
    }),
  );
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: config.descriptor,
    layers: [],
  };
  return { config, manifest: blobOf(mediaTypes.manifest, encodeJson(document)) };
}
