import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HermodError, parseRetryAfter } from '../src/errors.ts';
import { defaultRetry, delayBefore } from '../src/retry.ts';

const failed = (retryAfter: number | null = null) =>
  new HermodError({ code: 'overloaded', status: 503, title: '', detail: null, errors: [], requestId: null, retryAfter });

test('waits double and are spread over their upper half', () => {
  assert.deepEqual([0, 1, 2].map((attempt) => delayBefore(attempt, failed(), defaultRetry, () => 0)), [125, 250, 500]);
  assert.deepEqual([0, 1, 2].map((attempt) => delayBefore(attempt, failed(), defaultRetry, () => 1)), [250, 500, 1000]);
});

test('no wait is longer than the longest', () => {
  assert.equal(delayBefore(30, failed(), defaultRetry, () => 1), 20_000);
});

test('what the server asks for is the least', () => {
  assert.equal(delayBefore(0, failed(3), defaultRetry, () => 1), 3000);
  assert.equal(delayBefore(5, failed(1), defaultRetry, () => 1), 8000);
  assert.equal(delayBefore(0, failed(21), defaultRetry, () => 1), null);
});

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(parseRetryAfter('7', now), 7);
  assert.equal(parseRetryAfter('Thu, 01 Jan 2026 00:00:09 GMT', now), 9);
  assert.equal(parseRetryAfter('Wed, 31 Dec 2025 23:00:00 GMT', now), 0);
  assert.equal(parseRetryAfter('soon', now), null);
  assert.equal(parseRetryAfter(null, now), null);
});
