// onesock bench: what every program costs.
// SPDX-License-Identifier: MIT
int main() {}
