// The lint rules of the pages: what a reader should not meet, and what would open them to others.

import js from "@eslint/js";

const MARKUP = "write text by `textContent` or `element()`: what people wrote is never markup";

export default [
  { ignores: ["node_modules", "**/pages/client.js", "**/pages/vendor"] },
  js.configs.recommended,
  {
    rules: {
      "no-undef": "off", // the types' check knows better
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", 60],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "prefer-const": "error",
      "no-restricted-properties": ["error",
        { property: "innerHTML", message: MARKUP },
        { property: "outerHTML", message: MARKUP },
        { property: "insertAdjacentHTML", message: MARKUP }],
    },
  },
];
