import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apiHost, vendorOf } from '../../../src/adapters/registry/vendors.ts';
import type { Vendor } from '../../../src/adapters/registry/vendors.ts';

describe('apiHost', () => {
  for (const [registry, host] of [
    ['docker.io', 'registry-1.docker.io'],
    ['ghcr.io', 'ghcr.io'],
    ['[::1]:5000', '[::1]:5000'],
    ['Reg.Test:5000', 'reg.test:5000'],
  ] as const) {
    it(registry, () => {
      assert.equal(apiHost(registry), host);
    });
  }
});

describe('vendorOf', () => {
  const rows: readonly (readonly [registry: string, own: keyof Vendor | undefined])[] = [
    ['docker.io', 'helperKey'],
    ['ghcr.io', 'takesGithubToken'],
    ['ghcr.io.evil.test', undefined],
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'missingRemedy'],
    ['123456789012.dkr.ecr-fips.us-east-1.amazonaws.com', 'missingRemedy'],
    ['public.ecr.aws', 'missingRemedy'],
    ['europe-docker.pkg.dev', 'missingRemedy'],
    ['eu.gcr.io', 'missingRemedy'],
    ['one.azurecr.io', 'accessRemedy'],
    ['registry.gitlab.example.org', 'missingRemedy'],
    ['rg.fr-par.scw.cloud', 'tokenHost'],
    ['scw.cloud.test', undefined],
    ['quay.io', undefined],
  ];
  for (const [registry, own] of rows) {
    it(`${registry} has ${own ?? 'nothing of its own'}`, () => {
      const vendor = vendorOf(registry);
      if (own === undefined) assert.deepEqual(Object.keys(vendor), ['registries']);
      else assert.notEqual(vendor[own], undefined);
    });
  }
});
