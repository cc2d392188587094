// Statements signed here, and what the programs of sigstore itself make of them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createKeylessSigner } from '../../src/adapters/sigstore/keyless-signer.ts';
import { findIdentitySource } from '../../src/adapters/sigstore/workflow-token.ts';
import { openSigningTools } from '../../src/adapters/sigstore/signing-service.ts';
import type { SigningTools } from '../../src/adapters/sigstore/signing-service.ts';
import { createKeySigner } from '../../src/adapters/sigstore/key-signer.ts';
import { readTrustConfiguration } from '../../src/core/trust/trust-configuration.ts';
import { silentReporter } from '../../src/core/reporter.ts';
