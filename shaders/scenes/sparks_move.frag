// Particles, one a texel: they run along the contours of the picture and a little up or down its slope.
// o_spark: xy place 0..1, z time left in seconds, w how it runs: which way and how fast.
#include "lib/noise.glsl"

uniform sampler2D u_sparks;
uniform sampler2D u_picture;
uniform sampler2D u_flow;
uniform float u_aspect;
uniform float u_dt;
uniform float u_pull;
uniform float u_speed;   // screen heights per second
uniform float u_seed;
uniform vec3 u_bands;
out vec4 o_spark;

float light(vec2 at) {
    return luma(textureLod(u_picture, at, 0.0).rgb);
}

void main() {
    vec2 cell = gl_FragCoord.xy;
    vec4 spark = texelFetch(u_sparks, ivec2(cell), 0);
    vec2 chance = hash22(cell + u_seed);
    if (spark.z <= 0.0 || any(greaterThan(abs(spark.xy - 0.5), vec2(0.52)))) {
        float life = mix(0.8, 4.5, hash12(cell + u_seed + 31.0));
        // The first ones have lived for a while already: not all go out together.
        o_spark = vec4(chance, spark.w == 0.0 ? life * chance.x : life, (chance.y < 0.5 ? -1.0 : 1.0) * mix(0.5, 1.5, chance.x));
        return;
    }
    vec2 reach = 0.012 * vec2(1.0 / u_aspect, 1.0);
    vec2 up = vec2(light(spark.xy + vec2(reach.x, 0.0)) - light(spark.xy - vec2(reach.x, 0.0)),
        light(spark.xy + vec2(0.0, reach.y)) - light(spark.xy - vec2(0.0, reach.y)));
    float steep = length(up);
    vec2 along = vec2(-up.y, up.x) / (steep + 0.01);
    vec2 wild = fbm_slope(spark.xy * vec2(u_aspect, 1.0) * 3.0 + cell.x * 0.002, 0.05);
    vec2 free = vec2(-wild.y, wild.x) * 0.5;
    vec2 way = mix(free, along, smoothstep(0.01, 0.06, steep)) * sign(spark.w) + u_pull * up / (steep + 0.05);
    float pace = u_speed * abs(spark.w) * (0.5 + 1.6 * u_bands.y);
    vec2 to = spark.xy + (way * pace + texture(u_flow, spark.xy).xy * u_bands.x * 6.0) * u_dt / vec2(u_aspect, 1.0);
    o_spark = vec4(to, spark.z - u_dt, spark.w);
}
