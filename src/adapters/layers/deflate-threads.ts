// Threads that compress blocks beside the main one. They share memory with it, so that no block is copied on its way.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { deflateModule } from './deflater.ts';
import type { DeflateExports } from './deflater.ts';

/** The main thread reads, hashes and writes some 500 MB/s: more threads would only wait for it. */
const maxThreads = 3;
/** A block in work, and one that waits for it to end. */
const jobsPerThread = 2;

interface Job {
  readonly block: Uint8Array;
  readonly level: number;
  readonly output: Uint8Array;
}

interface Started {
  readonly resolve: (size: number) => void;
  readonly reject: (error: Error) => void;
}

let shared: DeflateThreads | undefined;

/** The threads of this process, started on first use: one per processor besides the main thread's. */
export function sharedThreads(): DeflateThreads {
  shared ??= new DeflateThreads(Math.min(availableParallelism() - 1, maxThreads));
  return shared;
}

/** A fixed number of threads. Idle ones don't keep the process alive. */
export class DeflateThreads {
  readonly #threads: readonly Thread[];

  constructor(count: number) {
    this.#threads = Array.from({ length: count }, () => new Thread());
  }

  /** How many blocks are taken at once, once all threads have started. */
  get capacity(): number {
    return this.#threads.length * jobsPerThread;
  }

  /**
   * The size of the result, or undefined when all threads are busy or still starting.
   * @throws Error when the thread ends
   */
  deflate(job: Job): Promise<number> | undefined {
    const [idlest] = [...this.#threads].sort((a, b) => a.load - b.load);
    return idlest !== undefined && idlest.load < jobsPerThread ? idlest.run(job) : undefined;
  }

  /** Ends all threads: jobs that are not done fail. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

class Thread {
  readonly #worker: Worker;
  readonly #jobs: Started[] = [];
  /** How many jobs the thread has done, which it counts itself: its messages are read later. */
  readonly #done = new Int32Array(new SharedArrayBuffer(4));
  #begun = 0;
  #isReady = false;
  #failure: Error | undefined;

  constructor() {
    const workerData: ThreadScope['workerData'] = { module: deflateModule(), done: this.#done };
    // As text, since a bundle is one file; and with little memory, since it keeps nothing.
    this.#worker = new Worker(`(${serve.toString()})(require('node:worker_threads'))`, {
      eval: true,
      workerData,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16, stackSizeMb: 1 },
    });
    this.#worker.unref();
    this.#worker.on('message', (size: number) => {
      if (size < 0) this.#isReady = true;
      else this.#jobs.shift()?.resolve(size);
      if (this.#jobs.length === 0) this.#worker.unref();
    });
    this.#worker.on('error', (error: Error) => {
      this.#fail(error);
    });
    this.#worker.on('exit', () => {
      this.#fail(new Error('a thread that compresses ended early'));
    });
  }

  /** Jobs that are not done. A thread that is starting takes none, and one that has failed fails the next. */
  get load(): number {
    if (this.#failure !== undefined) return 0;
    return this.#isReady ? this.#begun - Atomics.load(this.#done, 0) : Infinity;
  }

  run(job: Job): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#worker.ref();
    this.#begun += 1;
    this.#worker.postMessage(job);
    return new Promise((resolve, reject) => this.#jobs.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#jobs.splice(0)) reject(this.#failure);
  }
}

/** What a thread runs. It is passed on as text, so it can use nothing from outside. */
function serve({ parentPort, workerData }: ThreadScope): void {
  const encoder = new WebAssembly.Instance(workerData.module).exports as DeflateExports;
  const bytes = new Uint8Array(encoder.memory.buffer);
  const [input, start] = [encoder.inputAddress(), encoder.outputAddress()];
  parentPort.on('message', ({ block, level, output }) => {
    bytes.set(block, input);
    const size = encoder.deflate(block.length, level);
    output.set(bytes.subarray(start, start + size));
    Atomics.add(workerData.done, 0, 1);
    parentPort.postMessage(size);
  });
  parentPort.postMessage(-1);
}

/** What a thread uses of node:worker_threads. */
interface ThreadScope {
  readonly workerData: { readonly module: WebAssembly.Module; readonly done: Int32Array };
  readonly parentPort: {
    on(event: 'message', listener: (job: Job) => void): void;
    postMessage(size: number): void;
  };
}
