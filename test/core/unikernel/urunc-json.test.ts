import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  encodeAnnotations,
  encodeUruncJson,
  parseUruncJson,
} from '../../../src/core/unikernel/urunc-json.ts';

// What Go 1.26 writes with json.Marshal for the same map[string]string after base64.StdEncoding.
const golden: [name: string, labels: Record<string, string>, json: string][] = [
  ['no label', {}, '{}'],
  [
    "a unikernel's labels",
    {
      'com.urunc.unikernel.binary': '/unikernel/test-redis.hvt',
      'com.urunc.unikernel.unikernelType': 'rumprun',
      'com.urunc.unikernel.hypervisor': 'qemu',
      'com.urunc.unikernel.cmdline': 'redis-server /data/conf/redis.conf',
      'com.urunc.unikernel.version': '0.2.0',
      'com.urunc.unikernel.unikernelVersion': '0.2.0',
    },
    '{"com.urunc.unikernel.binary":"L3VuaWtlcm5lbC90ZXN0LXJlZGlzLmh2dA==","com.urunc.unikernel.cmdline":"cmVkaXMtc2VydmVyIC9kYXRhL2NvbmYvcmVkaXMuY29uZg==","com.urunc.unikernel.hypervisor":"cWVtdQ==","com.urunc.unikernel.unikernelType":"cnVtcHJ1bg==","com.urunc.unikernel.unikernelVersion":"MC4yLjA=","com.urunc.unikernel.version":"MC4yLjA="}',
  ],
  [
    'keys whose UTF-16 order is another, numbers, and a name of JavaScript',
    {
      '\uffee': 'bmp',
      '\u{1f980}': 'astral',
      é: 'latin',
      z: '',
      '10': 'ten',
      '9': 'nine',
      ['__proto__']: 'p',
    },
    '{"10":"dGVu","9":"bmluZQ==","__proto__":"cA==","z":"","é":"bGF0aW4=","\uffee":"Ym1w","\u{1f980}":"YXN0cmFs"}',
  ],
  [
    'what JSON and HTML escape',
    { 'a<b>&c': '<>&', 'q"\\/': '"\\', '\b\f\n\r\t\u0001\u007f': '\n', '\u2028\u2029': '\u2028' },
    '{"\\b\\f\\n\\r\\t\\u0001\u007f":"Cg==","a\\u003cb\\u003e\\u0026c":"PD4m","q\\"\\\\/":"Ilw=","\\u2028\\u2029":"4oCo"}',
  ],
];

describe('encodeUruncJson', () => {
  for (const [name, labels, json] of golden) {
    it(`writes what Go writes for ${name}`, () => {
      assert.equal(Buffer.from(encodeUruncJson(labels)).toString(), json);
    });
  }
});

describe('parseUruncJson', () => {
  for (const [name, labels, json] of golden) {
    it(`reads what Go wrote for ${name}`, () => {
      assert.deepEqual(parseUruncJson(Buffer.from(json)), labels);
    });
  }

  it('reads back every map of labels', () => {
    const maps = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(maps, (labels) => {
        assert.deepEqual({ ...parseUruncJson(encodeUruncJson(labels)) }, { ...labels });
      }),
    );
  });

  it('reads base64 that is broken into lines, as urunc does', () => {
    assert.deepEqual(parseUruncJson(Buffer.from('{"a":"cWVt\\r\\ndQ==\\n"}')), { a: 'qemu' });
  });

  const broken: [name: string, json: string][] = [
    ['no JSON', '{"a":'],
    ['a list', '["cWVtdQ=="]'],
    ['a number as a value', '{"a":1}'],
    ['plain text as a value', '{"a":"/unikernel/hello-world"}'],
    ['base64 without its padding', '{"a":"cWVtdQ"}'],
    ['base64 with too much padding', '{"a":"cWVtd==="}'],
    ["the other base64's characters", '{"a":"-_-_"}'],
    ['a space in base64', '{"a":"cWVt dQ=="}'],
  ];
  for (const [name, json] of broken) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parseUruncJson(Buffer.from(json)), { code: 'LAYOUT_INVALID' });
    });
  }

  it('refuses bytes that are no text', () => {
    assert.throws(() => parseUruncJson(Buffer.from([0x7b, 0xff, 0x7d])), { code: 'LAYOUT_INVALID' });
  });

  it('takes a value of several megabytes', () => {
    const labels = { big: 'x'.repeat(3_000_000) };
    assert.deepEqual(parseUruncJson(encodeUruncJson(labels)), labels);
  });
});

describe('encodeAnnotations', () => {
  const labels = { 'com.urunc.unikernel.hypervisor': 'qemu', empty: '', ['__proto__']: 'é' };

  it('leaves plain values as they are', () => {
    assert.deepEqual(encodeAnnotations(labels, 'plain'), labels);
  });

  it('encodes values as bima did', () => {
    assert.deepEqual(encodeAnnotations(labels, 'base64'), {
      'com.urunc.unikernel.hypervisor': 'cWVtdQ==',
      empty: '',
      ['__proto__']: 'w6k=',
    });
  });
});
