// A step of the action in a process of its own, which ends in one of many ways: `node step-child.ts KIND [FOLDER]`.

import { BimaError } from '../../src/core/errors.ts';
import { runStep } from '../../src/action/step.ts';
import type { Step } from '../../src/action/step.ts';

const [, , kind = '', folder = ''] = process.argv;

const kinds: Readonly<Record<string, (step: Step) => Promise<void>>> = {
  good: ({ reporter, environment }) => {
    reporter.info(`in ${environment.GITHUB_WORKSPACE ?? ''}`);
    return Promise.resolve();
  },
  warned: ({ reporter, environment }) => {
    const file = `${environment.GITHUB_WORKSPACE ?? process.cwd()}/app/Containerfile`;
    reporter.warning({ code: 'LABEL_MISSING', message: 'one', position: { file, line: 7, column: 3 } });
    return Promise.resolve();
  },
  refused: () =>
    Promise.reject(
      new BimaError('LABEL_MISSING', 'two', {
        problems: [
          { code: 'LABEL_MISSING', message: 'one', hint: 'Add it.' },
          { code: 'CONTEXT_PATH', message: 'two' },
        ],
      }),
    ),
  full: () =>
    Promise.reject(
      Object.assign(new Error('ENOSPC: no space'), {
        code: 'ENOSPC',
        errno: -28,
        syscall: 'write',
        path: '/x',
      }),
    ),
  mistaken: () => Promise.reject(new TypeError('a mistake')),
  stackless: () => Promise.reject(Object.assign(new Error('lost'), { stack: undefined })),
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a library may do so
  text: () => Promise.reject('only words'),
  unreportable: () =>
    Promise.reject(
      Object.defineProperty(new Error('lost'), 'stack', {
        get: () => {
          throw new RangeError('::error::no stack');
        },
      }),
    ),
  behind: () => {
    setTimeout(() => {
      throw new BimaError('CONTEXT_PATH', 'behind the back');
    });
    return new Promise(() => undefined);
  },
  interrupted: ({ signal, own }) => {
    own(folder);
    return new Promise((_resolve, reject) => {
      const timer = setInterval(() => undefined, 1000);
      signal.addEventListener('abort', () => {
        clearInterval(timer);
        reject(signal.reason as Error);
      });
      console.log('waiting');
    });
  },
  named: ({ signal }) =>
    new Promise((_resolve, reject) => {
      const timer = setInterval(() => undefined, 1000);
      signal.addEventListener('abort', () => {
        clearInterval(timer);
        reject(new BimaError('INTERRUPTED', 'interrupted before the push'));
      });
      console.log('waiting');
    }),
  stubborn: ({ own, signal }) => {
    own(folder);
    setInterval(() => undefined, 1000);
    signal.addEventListener('abort', () => {
      console.log('not yet');
    });
    console.log('waiting');
    return new Promise(() => undefined);
  },
};

const main = kinds[kind];
if (main === undefined) throw new Error(`no kind ${kind}`);
runStep(main);
