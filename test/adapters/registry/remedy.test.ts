import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { remedyFor } from '../../../src/adapters/registry/remedy.ts';
import type { Complaint } from '../../../src/adapters/registry/vendors.ts';

const complaint: Complaint = {
  registry: 'reg.test',
  repository: 'team/app',
  status: 403,
  codes: [],
  text: '',
  writing: true,
};
const ecr = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

describe('remedyFor', () => {
  const rows: readonly (readonly [string, Partial<Complaint>, RegExp])[] = [
    ['ghcr.io without the permission', { registry: 'ghcr.io' }, /packages: write.*Manage Actions access/],
    ['ghcr.io without a login', { registry: 'ghcr.io', status: 401 }, /packages: write/],
    [
      'a repository that ECR does not have',
      { registry: ecr, status: 404, codes: ['NAME_UNKNOWN'] },
      /aws ecr create-repository --repository-name team\/app/,
    ],
    ['ECR without a login', { registry: ecr, status: 401 }, /aws ecr get-login-password/],
    ['Docker Hub', { registry: 'docker.io', status: 401 }, /may push to team\/app/],
    [
      'a pull from Docker Hub',
      { registry: 'docker.io', status: 401, writing: false },
      /may pull from team\/app/,
    ],
    ['Azure', { registry: 'one.azurecr.io' }, /AcrPush/],
    ['Google', { registry: 'europe-docker.pkg.dev' }, /Artifact Registry Writer/],
    ['a project that Harbor does not have', { status: 404, codes: ['NAME_UNKNOWN'] }, /project "team"/],
    ['any registry', {}, /permission to push to reg\.test\/team\/app/],
    ['any registry without a login', { status: 401 }, /^Log in to reg\.test/],
    ['a body that is too large', { status: 413 }, /limits the size/],
    ['an immutable tag, by its code', { status: 400, codes: ['TAG_IMMUTABLE'] }, /immutable/],
    ['an immutable tag, by its words', { status: 412, text: 'tag is immutable' }, /another tag/],
    ['too many requests', { status: 429 }, /later/],
  ];
  for (const [name, changes, expected] of rows) {
    it(name, () => {
      assert.match(remedyFor({ ...complaint, ...changes }) ?? '', expected);
    });
  }

  it('says nothing when it knows nothing', () => {
    assert.equal(remedyFor({ ...complaint, status: 500 }), undefined);
    assert.equal(remedyFor({ ...complaint, status: 404, writing: false }), undefined);
  });
});
