import { defineConfig } from 'vitest/config';

// The server or the fixture that `npm run dev` forwards API calls to.
const server = process.env.MILLWRIGHT_URI ?? 'http://localhost:5099';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: {
    port: 5173,
    proxy: {
      '/api': server,
      '/ajax-api': server,
      '/get-artifact': server,
      '/v2': server,
      '^/endpoints/[^/]+/invocations$': server,
    },
  },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  test: { include: ['src/**/*.test.ts'], environment: 'node', css: true },
});
