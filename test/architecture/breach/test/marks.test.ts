// breach: house-no-test-marks
import { test } from 'node:test';

test.skip('hidden', () => {});
